import { parseGpuDevices } from '../../../src/sources/gpu-devices';

test.each([
  [
    'one GPU and the driver’s own devices',
    'c 195:2 rwm\nc 195:255 rwm\nc 195:254 rw\n',
    [{ kind: 'nvidia', minor: 2 }],
  ],
  ['a render node', 'c 226:129 rwm\nc 226:1 rwm\n', [{ kind: 'render', minor: 129 }]],
  ['no GPU', 'c 1:3 rwm\nb 8:* rwm\n', []],
  ['nothing', '', []],
  ['what is no device', 'x 195:0 rwm\nc 195:0\nc 195:-1 rwm\n', []],
  ['everything', 'a *:* rwm\n', null],
  ['every character device', 'c *:* rwm\n', null],
  ['every GPU', 'c 1:3 rwm\nc 195:* rwm\n', null],
])('%s', (_, text, found) => expect(parseGpuDevices(text)).toEqual(found));
