import { notDelivered, type Sink } from './sink.ts';

/** A sink that cannot be used as it is configured, here and now: its alerts wait. */
export function unusableSink(sink: Pick<Sink, 'name' | 'type'> & { readonly why: string }): Sink {
  const target = 'not usable here';
  return {
    name: sink.name,
    type: sink.type,
    target,
    send: async () => {
      throw notDelivered({ name: sink.name, target }, sink.why);
    },
  };
}
