/** What tells one machine from another in the XML of nvidia-smi. */
const NUMBERS =
  /<(serial|board_id|pdi|chassis_serial_number|host_id|gpu_fabric_guid|clusterUuid|board_serial|module_serial)>(?!N\/A<)[^<]+</g;

/**
 * What nvidia-smi said, fit to be shown to anyone: UUIDs are all 0 but for their count, numbers of parts, the host's name and names of
 * processes are taken out. The rest is as it was.
 * @param hostname of the machine that said it
 */
export function maskedAnswer(xml: string, hostname: string): string {
  const uuids = new Map<string, string>();
  const uuid = (found: string, kind: string): string => {
    const masked =
      uuids.get(found) ?? `${kind}-00000000-0000-0000-0000-${String(uuids.size).padStart(12, '0')}`;
    uuids.set(found, masked);
    return masked;
  };
  const masked = xml
    // Names are users' own text: up to the last closing tag of the line.
    .replaceAll(/<process_name>[\s\S]*?<\/process_name>(?=\s*<)/g, '<process_name>process</process_name>')
    .replaceAll(/\b(GPU|MIG)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, uuid)
    .replaceAll(NUMBERS, '<$1>0<');
  return hostname === '' ? masked : masked.replaceAll(hostname, 'host');
}
