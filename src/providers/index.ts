export type { ProviderEvent, ProviderUsage } from './calls.ts';
export { checkProvider, type ProviderCheck } from './check.ts';
export {
  type CircuitRecord,
  type CircuitState,
  type CircuitStore,
  circuitState,
  NEW_CIRCUIT,
} from './circuit.ts';
export { lakeCircuitRecords, lakeCircuits, memoryCircuits } from './circuit-store.ts';
export { type Clock, systemClock } from './clock.ts';
export { type CostApproval, type CostQuote, dollars } from './cost.ts';
export { databentoSymbol } from './databento.ts';
export {
  type DownloadEvent,
  databentoOrder,
  downloadBatch,
  orderMonths,
} from './databento-batch.ts';
export { withFallback } from './fallback.ts';
export {
  databentoClient,
  environmentSecrets,
  factsOf,
  keyOf,
  openProvider,
  type ProviderWorld,
} from './open.ts';
export {
  type Answerer,
  BAR_ORIGINS,
  type BarOrigin,
  type BarPage,
  type BarProvider,
  type BarRequest,
  TIMEFRAMES,
  type Timeframe,
  type VendorBar,
} from './provider.ts';
export { Secrets } from './secrets.ts';
export {
  PROVIDER_FACTS,
  type ProviderFacts,
  type ProviderSettings,
  type ProvidersSettings,
} from './settings.ts';
export { normaliseAsset } from './symbols.ts';
export { gridCeil, gridFloor, TIMEFRAME_US } from './timeframe.ts';
