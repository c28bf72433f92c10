/** Options that every project shares. Types are checked by `tsc`, not here: swc only takes them away. */
const shared = {
  rootDir: __dirname,
  roots: ['<rootDir>/test'],
  testEnvironment: 'node',
  setupFilesAfterEnv: ['<rootDir>/test/scale.ts'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'json', 'node'],
  // Jest loads CommonJS: of these packages the files for browsers, which are that too.
  moduleNameMapper: { '^(d3-[a-z-]+|internmap)$': '<rootDir>/node_modules/$1/dist/$1.js' },
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

const project = (name) => ({
  ...shared,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
});

/** @type {import('jest').Config} */
module.exports = {
  projects: [
    ...['unit', 'integration', 'browser', 'cluster', 'gpu', 'guest'].map(project),
    { ...project('packages'), globalSetup: '<rootDir>/test/packages/build.ts' },
  ],
  // A bound for what hangs, not a measure. A project cannot have one of its own; cluster and guest suites set theirs.
  testTimeout: 60_000,
  coverageProvider: 'babel',
  collectCoverageFrom: ['src/**/*.ts', '!src/generated/**'],
  watchman: false,
};
