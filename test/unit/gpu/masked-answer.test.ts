import { parseNvidiaSmi } from '../../../src/sources/nvidia-smi-xml';
import { maskedAnswer } from '../../gpu/masked-answer';
import { ANSWERS, answer } from '../sources/nvidia-smi';

/** Without what tells GPUs apart. */
function readings(xml: string): unknown {
  return parseNvidiaSmi(xml).gpus.map(({ uuid, instances, ...gpu }) => ({
    ...gpu,
    uuid: uuid === null,
    instances: instances?.length,
  }));
}

test.each(ANSWERS)('%s: no UUID and no name of a process is left, and the readings are the same', (name) => {
  const masked = maskedAnswer(answer(name), '');
  const uuids = [...masked.matchAll(/(?:GPU|MIG)-[\da-f-]{36}/g)].map(([uuid]) => uuid);
  for (const uuid of uuids) expect(uuid).toMatch(/^(?:GPU|MIG)-0{8}-0000-0000-0000-0{10}\d\d$/);
  for (const [, process] of masked.matchAll(/<process_name>(.*)/g))
    expect(process).toBe('process</process_name>');
  expect(readings(masked)).toEqual(readings(answer(name)));
});

test('serial numbers and the name of the host are taken out, also where a process has it in its own', () => {
  const xml = `<a><serial>1650522003820</serial><pdi>0x531e</pdi><host_id>N/A</host_id><hic_name>node17</hic_name>
<process_name>/home/ada/node17 </process_name> x</process_name>
<used_memory>1 MiB</used_memory></a>`;
  expect(maskedAnswer(xml, 'node17')).toBe(
    `<a><serial>0</serial><pdi>0</pdi><host_id>N/A</host_id><hic_name>host</hic_name>
<process_name>process</process_name>
<used_memory>1 MiB</used_memory></a>`,
  );
});
