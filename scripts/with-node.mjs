// Runs a script on the Node this project pins, installing the dependencies first when they are missing.
// Plain JavaScript for any Node from 20 on: it is what `npm start` and `npm test` reach first on a fresh clone.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const node = join(root, 'node_modules', 'node', 'bin', 'node');
const marker = join(root, 'node_modules', '.package-lock.json');
const lock = join(root, '.installing');

function installed() {
  if (!existsSync(marker)) return false;
  return statSync(marker).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

/** Takes the right to install, or clears it of a process that is gone; whether it was taken. */
function claim() {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
  } catch (error) {
    if (error.code === 'ESRCH') rmSync(lock, { force: true });
  }
  return false;
}

function install() {
  process.stderr.write('Installing dependencies (first use, or package-lock.json changed) ...\n');
  const npm = process.env.npm_execpath;
  const command = npm === undefined ? 'npm' : process.execPath;
  const args = [...(npm === undefined ? [] : [npm]), 'ci', '--no-audit', '--no-fund', '--loglevel=error'];
  // npm's own chatter goes to stderr, so that the output of what runs next stays clean
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] }).status ?? 1;
}

// two that install into one folder at once take away each other's files
for (let waiting = false; !installed(); ) {
  if (claim()) {
    const status = installed() ? 0 : install();
    rmSync(lock, { force: true });
    if (status !== 0) process.exit(status);
  } else {
    if (!waiting) process.stderr.write('Waiting for another process to install the dependencies ...\n');
    waiting = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}
if (!existsSync(node)) {
  process.stderr.write(
    'error[NODE_MISSING]: node_modules/node/bin/node is not there\n' +
      'hint: npm ran with --ignore-scripts; run `npm rebuild node` or `npm ci` without it\n',
  );
  process.exit(1);
}
const child = spawn(node, process.argv.slice(2), { stdio: 'inherit' });
// Ctrl-C reaches the child from the terminal, which decides when it is done; other signals are passed on.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
