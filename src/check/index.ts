export { type CheckProgress, type CheckRequest, runCheck } from './check.ts';
export { type DoctorRequest, examine } from './doctor.ts';
export type { Finding } from './finding.ts';
export type { CheckReport, PartName, PartReport, Proof } from './report.ts';
