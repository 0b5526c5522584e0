import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../src/base/index.ts';

const root = join(import.meta.dirname, '..');
const src = join(root, 'src');

/** From the base downwards; a folder imports only from those before it. The same list as docs/architecture.md. */
const FOLDERS = [
  'base',
  'storage',
  'dbn',
  'parquet',
  'duckdb',
  'delta',
  'query',
  'export',
  'bars',
  'sample',
  'labels',
  'features',
  'quality',
  'months',
  'providers',
  'ingest',
  'monitor',
  'check',
  'cli',
];
const files = readdirSync(src, { recursive: true })
  .map(String)
  .filter((path) => path.endsWith('.ts'));

describe('the folders of src', () => {
  it('are those of the list, and the page names them in its order', () => {
    const found = new Set(files.map((path) => path.split('/')[0]));
    expect([...found].sort()).toEqual([...FOLDERS].sort());
    const page = readFileSync(join(root, 'docs', 'architecture.md'), 'utf8');
    const named = [...page.matchAll(/^\| `(\w+)\/` \|/gm)].map((match) => match[1]);
    expect(named).toEqual(FOLDERS);
  });

  it('import downwards only, and other folders only through their index', () => {
    const wrong: string[] = [];
    for (const path of files) {
      const folder = path.split('/')[0] ?? '';
      const text = readFileSync(join(src, path), 'utf8');
      for (const [, target = ''] of text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)) {
        const resolved = relative(src, join(src, dirname(path), target));
        const other = resolved.split('/')[0] ?? '';
        if (other === folder) continue;
        const upward = FOLDERS.indexOf(other) < FOLDERS.indexOf(folder);
        // the errors are everybody's, and so light that their index is not worth loading
        const isIndex = resolved === join(other, 'index.ts') || other === 'base';
        if (!upward || !isIndex) wrong.push(`${path} imports ${resolved}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('the package', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

  it('says its version once', () => {
    expect(VERSION).toBe(manifest.version);
  });

  it('exports what is public and nothing else, under Apache-2.0', () => {
    expect(manifest.license).toBe('Apache-2.0');
    expect(Object.keys(manifest.exports).sort()).toEqual(['./dbn', './delta', './package.json']);
    expect(manifest.engines).toEqual({ node: '>=22.22' });
  });
});
