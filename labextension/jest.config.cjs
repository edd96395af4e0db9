// Logic, requests and views; plugins, which import all of JupyterLab, are tested in a browser. These are ES modules:
const modules = [
  '@jupyter', '@jupyterlab', '@lumino', '@microsoft', 'exenv-es6', 'lib0', 'nanoid', 'vscode-', 'yjs', 'y-protocols'
];

module.exports = {
  testEnvironment: 'node',
  setupFiles: ['<rootDir>/jest.browser.cjs'],
  testMatch: ['<rootDir>/src/__tests__/**/*.test.ts?(x)'],
  moduleFileExtensions: ['ts', 'tsx', 'js', 'json'],
  transform: {
    '\\.(css|svg)$': '<rootDir>/jest.text.cjs',
    '\\.[jt]sx?$': [
      'ts-jest',
      { tsconfig: { allowJs: true, esModuleInterop: true, isolatedModules: true, jsx: 'react', module: 'commonjs', target: 'ES2020' } }
    ]
  },
  transformIgnorePatterns: [`/node_modules/(?!(${modules.join('|')}))`]
};
