export * from './bytes.ts';
export * from './config.ts';
export * from './duration.ts';
export * from './errors.ts';
export * from './masked.ts';
export * from './one-line.ts';
export * from './process-mark.ts';
export * from './version.ts';
