export { type DoctorRequest, examine } from './doctor.ts';
export type { Finding } from './finding.ts';
