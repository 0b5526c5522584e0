/**
 * Values a hot loop takes at a call. The engine compiles a function by its entry only once it has been called often;
 * a loop over a whole column stays in code compiled for its middle, which runs at half the speed. Blocks also keep
 * what one step writes in the processor's cache for the next.
 */
export const KERNEL_BLOCK = 8192;
