// Builds dist/ from a clean folder: declarations by tsc, code by rolldown. Some fifty files instead of four hundred
// save a third of a command's start. Dependencies stay outside.
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const declarations = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
});
if (declarations.status !== 0) process.exit(declarations.status ?? 1);

const bundle = await rolldown({
  cwd: root,
  platform: 'node',
  input: {
    barline: 'src/cli/bin.ts',
    dbn: 'src/dbn/index.ts',
    delta: 'src/delta/index.ts',
    // src/months/pool.ts names it, from a file that lies beside it
    'worker-entry': 'src/months/worker-entry.ts',
    // src/check/storage.ts
    'stored-run-entry': 'src/check/stored-run-entry.ts',
  },
  external: (id) => !id.startsWith('.') && !isAbsolute(id) && !id.startsWith('src/'),
});
await bundle.write({ dir: dist, format: 'esm', chunkFileNames: 'part-[name]-[hash].js' });
await bundle.close();
chmodSync(join(dist, 'barline.js'), 0o755);
