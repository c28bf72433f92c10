import { EitError } from '../errors';
import { PickleBytes } from './pickle-bytes';
import { PickleStack } from './pickle-stack';
import { STEPS } from './pickle-steps';
import type { PickleValue } from './pickle-value';

/** Files of logs are some 100 kB; what is larger is none. */
export const MOST_PICKLE_BYTES = 64 << 20;

const STOP = '.'.charCodeAt(0);

/**
 * Reads a pickle of protocol 0 to 5 (https://docs.python.org/3/library/pickletools.html has its opcodes) without executing anything: classes and
 * functions are names, calls are {@link OpaqueValue}. Nothing is copied that a pickle names twice, so it cannot grow beyond its file.
 * @param place named in errors
 * @throws EitError EIT_IMPORT where it is none, is cut off, or claims more than it holds
 */
export function parsePickle(bytes: Uint8Array, place: string): PickleValue {
  if (bytes.length > MOST_PICKLE_BYTES)
    throw new EitError('EIT_IMPORT', `${place}: ${bytes.length} bytes are no pickle of a log`);
  const source = new PickleBytes(bytes, place);
  const stack = new PickleStack(source, place);
  for (;;) {
    const { at } = source;
    const code = source.byte();
    if (code === STOP) {
      const value = stack.pop();
      if (!stack.isEmpty) throw source.fault('values that nothing uses');
      return value;
    }
    const step = STEPS.get(code);
    if (step === undefined) throw source.fault(`0x${code.toString(16)} is no opcode of protocols 0 to 5`, at);
    step(stack, source);
  }
}
