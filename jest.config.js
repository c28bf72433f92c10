/** Options that every project shares. Types are checked by `tsc`, not here: swc only takes them away. */
const shared = {
  rootDir: __dirname,
  roots: ['<rootDir>/test'],
  testEnvironment: 'node',
  moduleFileExtensions: ['ts', 'js', 'mjs', 'json', 'node'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
};

const project = (name, timeoutSeconds) => ({
  ...shared,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  testTimeout: timeoutSeconds * 1000,
});

/** @type {import('jest').Config} */
module.exports = {
  projects: [project('unit', 60), project('integration', 60), project('cluster', 300), project('guest', 900)],
  coverageProvider: 'babel',
  collectCoverageFrom: ['src/**/*.ts', '!src/generated/**'],
  watchman: false,
};
