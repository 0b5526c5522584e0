#!/usr/bin/env node
// Stays plain enough for any Node to parse: an old one gets a sentence, not a stack trace.
const REQUIRED = [22, 22];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < REQUIRED[0] || (major === REQUIRED[0] && minor < REQUIRED[1])) {
  process.stderr.write(
    `error[NODE_VERSION]: barline needs Node ${REQUIRED.join('.')} or newer, found ${process.versions.node}\n` +
      'hint: install Node 24 (https://nodejs.org) and run the command again\n',
  );
  process.exit(2);
}
const { enableCompileCache } = await import('node:module');
// Keeps compiled code between runs; where it cannot (a read-only home) Node goes on without.
enableCompileCache();
const { main } = await import('./main.ts');
await main(process.argv.slice(2));

export {};
