import { constants, createZstdCompress, type ZstdCompress } from 'node:zlib';
import type { DbnSink } from './sink.ts';

const CHUNK_BYTES = 256 * 1024;

export interface CompressorOptions {
  readonly level: number;
  readonly checksum: boolean;
}

/** Compresses what it is given as one zstd frame after the other, on the thread pool, and hands it to a sink. */
export class ZstdFrameWriter {
  readonly #sink: DbnSink;
  readonly #options: CompressorOptions;
  #frame: { readonly compressor: ZstdCompress; readonly drained: Promise<void> } | undefined;

  constructor(sink: DbnSink, options: CompressorOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  /**
   * Adds to the frame that is open, or opens one. Returns once the bytes are compressed: Node's compressor would end
   * the frame twice, the second time with an empty one, if it were told to end while it still has input.
   */
  async write(bytes: Uint8Array): Promise<void> {
    this.#frame ??= this.#openFrame();
    const { compressor, drained } = this.#frame;
    const failure = await new Promise<Error | null | undefined>((resolve) =>
      compressor.write(bytes, resolve),
    );
    if (!failure) return;
    await drained;
    throw failure;
  }

  /** Closes the open frame, if there is one, and waits until the sink has it. */
  async endFrame(): Promise<void> {
    if (!this.#frame) return;
    const { compressor, drained } = this.#frame;
    this.#frame = undefined;
    compressor.end();
    await drained;
  }

  /** Drops the open frame. */
  async abort(): Promise<void> {
    if (!this.#frame) return;
    const { compressor, drained } = this.#frame;
    this.#frame = undefined;
    compressor.destroy();
    await drained.catch(() => undefined);
  }

  #openFrame(): { compressor: ZstdCompress; drained: Promise<void> } {
    const compressor = createZstdCompress({
      chunkSize: CHUNK_BYTES,
      params: {
        [constants.ZSTD_c_compressionLevel]: this.#options.level,
        [constants.ZSTD_c_checksumFlag]: this.#options.checksum ? 1 : 0,
      },
    });
    const drained = drain(compressor, this.#sink);
    // Awaited in write or endFrame; until then its failure must not count as unhandled.
    drained.catch(() => undefined);
    return { compressor, drained };
  }
}

/** Ends when the frame does; a sink's failure destroys the compressor. */
async function drain(compressor: ZstdCompress, sink: DbnSink): Promise<void> {
  for await (const chunk of compressor) await sink.write(chunk);
}
