import fc from 'fast-check';
import { parseSoftware } from './software';

const bytes = (...fields: string[]): Uint8Array =>
  Buffer.from(['eit-software 1', ...fields, 'end', ''].join('\0'));

test('unknown fields are left alone, and what is not a number is absent', () => {
  const text = bytes('job=7', 'cluster=lab', 'later=x', 'restart=-1', '=y', 'z', 'modules=::a/1::b/2:');
  expect(parseSoftware(text)).toEqual({ cluster: 'lab', jobId: 7, modules: ['a/1', 'b/2'] });
});

test.each([
  ['nothing', Buffer.from(''), 'does not begin with'],
  ['another version', Buffer.from('eit-software 2\0job=7\0end\0'), 'does not begin with'],
  ['half a file', Buffer.from('eit-software 1\0job=7\0modules=a/'), 'is not whole'],
  ['no job', bytes('cluster=lab'), 'job is ""'],
  ['a job that is none', bytes('job=x'), 'job is "x"'],
])('%s is refused', (_, text, message) => {
  expect(() => parseSoftware(text)).toThrow(message);
});

test('whatever is in it, what comes out has no control characters', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 10 }), (values) => {
      const names = ['modules', 'conda', 'conda_package', 'venv', 'venv_package', 'container'];
      const fields = values.map((value, i) => `${names[i % names.length]}=${value}`);
      const { ...software } = parseSoftware(bytes('job=7', ...fields));
      expect(JSON.stringify(software)).not.toMatch(/\\u00[01]|\\[nrtbf]|[\p{Cc}\u2028\u2029]/u);
    }),
  );
});
