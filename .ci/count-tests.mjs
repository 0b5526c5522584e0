// Prints "passed failed" of a vitest JSON report; tests skipped or never run count as failed, and are named.
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
let passed = 0;
let failed = 0;
for (const file of report.testResults) {
  if (file.status === 'failed' && file.assertionResults.length === 0) {
    failed++;
    console.error(`FAILED: ${file.name} did not load`);
  }
  for (const test of file.assertionResults) {
    if (test.status === 'passed') passed++;
    else {
      failed++;
      console.error(`${test.status.toUpperCase()}: ${test.fullName}`);
    }
  }
}
if (passed + failed === 0) {
  console.error('FAILED: no test ran');
  failed++;
}
console.log(passed, failed);
