import { type NodePty, loadNodePty } from '../../src/sources/nvidia-smi-terminal';
import { isMissing } from '../../src/sources/source';

/**
 * Registers tests that need node-pty. Where it cannot be loaded (it is optional) they are one skipped test that says why; in
 * CI a failing one.
 */
export function describeTerminal(name: string, suite: (pty: NodePty) => void): void {
  const pty = loadNodePty();
  if (!isMissing(pty)) {
    describe(name, () => suite(pty));
  } else if (process.env.CI === 'true') {
    test(name, () => {
      throw new Error(`required here (CI=true), but ${pty.missing}`);
    });
  } else {
    test.skip(`${name}: ${pty.missing}`, () => undefined);
  }
}
