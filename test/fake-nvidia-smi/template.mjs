// Documents as long as real ones: those that a real nvidia-smi printed, with the values of the fake's GPUs in their places.
import { readFileSync } from 'node:fs';

/** By path: the text before the first GPU, and the first GPU's own. */
const templates = new Map();

/** The words between which a value stands, in the first `section` where that is given. */
function replaced(text, tag, value, section) {
  const from = section === undefined ? 0 : text.indexOf(`<${section}>`);
  const begin = text.indexOf(`<${tag}>`, from) + tag.length + 2;
  const end = text.indexOf(`</${tag}>`, begin);
  if (from === -1 || begin < tag.length + 2 || end === -1) throw new Error(`the template has no ${tag}`);
  return text.slice(0, begin) + value + text.slice(end);
}

function templateAt(path) {
  let template = templates.get(path);
  if (template === undefined) {
    const text = readFileSync(path, 'utf8');
    const [begin, end] = [text.search(/\t*<gpu id=/), text.indexOf('</gpu>\n') + '</gpu>\n'.length];
    template = { head: text.slice(0, begin), gpu: text.slice(begin, end) };
    templates.set(path, template);
  }
  return template;
}

/** What stands before the first GPU. */
export function headFrom({ template, gpus }, timestamp) {
  const { head } = templateAt(template);
  return replaced(replaced(head, 'timestamp', timestamp), 'attached_gpus', gpus.length);
}

/** One GPU; the values are text as nvidia-smi prints it. */
export function gpuFrom({ template, gpus }, position, { averageW, instantW, percent, processes }) {
  const { uuid, pci, minor, memoryMib, processes: own, processesFile } = gpus[position];
  const [domain, bus, device] = pci.split(/[:.]/);
  let text = templateAt(template).gpu.replace(/<gpu id="[^"]*">/, `<gpu id="${pci}">`);
  const put = (tag, value, section) => {
    text = replaced(text, tag, value, section);
  };
  put('uuid', uuid);
  put('minor_number', minor);
  put('pci_bus', bus);
  put('pci_device', device);
  put('pci_domain', domain.slice(-4));
  put('pci_bus_id', pci);
  put('gpu_util', `${percent} %`);
  put('average_power_draw', averageW, 'gpu_power_readings');
  put('instant_power_draw', instantW, 'gpu_power_readings');
  if (memoryMib) put('used', `${memoryMib.used} MiB`, 'fb_memory_usage');
  if (own || processesFile) text = text.replace(/\t*<processes>[\s\S]*?<\/processes>\n/, () => processes);
  return `${text}\n`;
}
