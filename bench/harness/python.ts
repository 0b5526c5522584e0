import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const REQUIREMENTS = fileURLToPath(new URL('../peers/requirements.txt', import.meta.url));

/** A sentence for the person at the terminal; `bench/main.ts` prints it without a stack. */
export class BenchmarkError extends Error {}

export interface Python {
  /** The interpreter itself, not a launcher that looks for it: its start is in every figure. */
  readonly command: string;
  readonly version: string;
  /** Installed versions of the packages in `bench/peers/requirements.txt`. */
  readonly packages: Readonly<Record<string, string>>;
}

const PROBE = `
import importlib.metadata as m, json, platform, sys
found = {}
for name in sys.argv[1:]:
    try: found[name] = m.version(name)
    except m.PackageNotFoundError: pass
print(json.dumps({'command': sys.executable, 'version': platform.python_version(), 'packages': found}))
`;

function requiredPackages(): string[] {
  const lines = readFileSync(REQUIREMENTS, 'utf8').split('\n');
  return lines.flatMap((line) => line.split('==')[0]?.trim() || []);
}

/** The Python of the peers: `BARLINE_PYTHON` or `python3`. Throws when a package the peers need is not installed. */
export function findPython(environment: NodeJS.ProcessEnv): Python {
  const command = environment.BARLINE_PYTHON ?? 'python3';
  const required = requiredPackages();
  const probe = spawnSync(command, ['-c', PROBE, ...required], { encoding: 'utf8' });
  if (probe.status !== 0) {
    throw new BenchmarkError(
      `The peers need Python: ${command} does not run (${probe.error?.message ?? probe.stderr.trim()}). Set BARLINE_PYTHON to one that does.`,
    );
  }
  const python: Python = JSON.parse(probe.stdout);
  const missing = required.filter((name) => python.packages[name] === undefined);
  if (missing.length > 0) {
    throw new BenchmarkError(
      `The peers need ${missing.join(', ')}: run \`${command} -m pip install -r bench/peers/requirements.txt\`.`,
    );
  }
  return python;
}
