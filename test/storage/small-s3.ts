/** The small S3 server that `barline check` runs against; here it serves tests. */
export { type Refusal, SmallS3, type SmallS3Options } from '../../src/check/small-s3.ts';
