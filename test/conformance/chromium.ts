import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** The Chromium that `install-chromium.sh` installs. Throws where there is none: its tests need it. */
export async function startChromium(): Promise<Browser> {
  const executablePath = process.env.BARLINE_CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    throw new Error(`no Chromium at ${executablePath}: run test/conformance/install-chromium.sh`);
  }
  // as root there is no sandbox to start
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}
