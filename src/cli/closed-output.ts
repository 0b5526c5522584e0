import { BarlineError } from '../base/index.ts';

/** How a process goes on when its stdout or stderr takes no more. */
export interface OutputWatch {
  /** From here on the work is done to its end whether anybody takes the output or not. */
  keepWorking(): void;
  /** 1 instead of 0 when results could not be written. */
  exitCode(code: number): number;
}

/**
 * Watches stdout and stderr. `| head` closes the pipe while we write: that is the reader's right, not an error, and
 * ends the process quietly. Any other failure of stdout, such as a full disk, is told once by `report`, and ends the
 * process with 1. What stderr cannot take is lost: there is nobody else to tell.
 */
export function watchOutput(report: (error: BarlineError) => void): OutputWatch {
  let keepsWorking = false;
  let failed = false;
  const closed = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') return false;
    if (!keepsWorking) process.exit(failed ? 1 : 0);
    return true;
  };
  process.stderr.on('error', closed);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (closed(error) || failed) return;
    failed = true;
    report(
      new BarlineError({
        code: 'OUTPUT_FAILED',
        message: `cannot write to stdout: the system says ${error.code ?? error.message}`,
        hint: 'make room where the output goes (ENOSPC: no space is left), or send it elsewhere',
        cause: error,
      }),
    );
    if (!keepsWorking) process.exit(1);
  });
  return {
    keepWorking: () => {
      keepsWorking = true;
    },
    exitCode: (code) => (failed && code === 0 ? 1 : code),
  };
}
