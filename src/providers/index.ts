export {
  type BarPage,
  type BarProvider,
  type BarRequest,
  TIMEFRAMES,
  type Timeframe,
  type VendorBar,
} from './provider.ts';
