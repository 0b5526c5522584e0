export { type CircuitRecord, type CircuitState, type CircuitStore, circuitState } from './circuit.ts';
export { lakeCircuitRecords, lakeCircuits, memoryCircuits } from './circuit-store.ts';
export { type Clock, systemClock } from './clock.ts';
export { withFallback } from './fallback.ts';
export type { ProviderEvent, ProviderUsage } from './http.ts';
export { factsOf, keyOf, openProvider, type ProviderWorld } from './open.ts';
export {
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
