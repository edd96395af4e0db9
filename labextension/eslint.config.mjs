import jupyter from '@jupyter/eslint-plugin';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What a layer must not import; `atRunTime` may still be imported for its types. */
function layer(files, { never = [], atRunTime = [] }) {
  const patterns = [
    { group: ['@jupyterlab/*/*', '@lumino/*/*'], message: 'Import the package, not a file of it.' },
    { group: ['**/index'], message: 'index.ts only lists the plugins.' }
  ];
  if (never.length) {
    patterns.push({ group: never, message: 'Imports go index -> plugins -> views | model -> request -> wire.' });
  }
  if (atRunTime.length) {
    patterns.push({ group: atRunTime, allowTypeImports: true, message: 'Only its types: this module is pure.' });
  }
  return { files, rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] } };
}

const FRAMEWORK = ['@jupyterlab/*', '@lumino/*', 'react', 'react-dom'];
const UPPER = ['**/plugins/*', '**/views/*'];
const EFFECTS = ['**/wire/request', '**/model/*'];

/** Text and values in, values out; tested without a browser. */
const PURE = [
  ...['actions', 'barriers', 'ids', 'labels', 'openNotebooks', 'questions', 'requirements', 'words'].map(
    name => `commands/${name}`
  ),
  ...['create/imports', 'create/plan', 'create/words', 'kernels/ours', 'missing/remedy', 'missing/words', 'notices/words', 'output/advising'],
  ...['switching/answering', 'switching/cellQueue*', 'words/*']
].map(name => `src/${name}.ts`);

const layers = [
  // The first are the most general: a later block takes the place of an earlier one.
  { ...layer(['src/**'], { never: ['**/plugins/*'] }), ignores: ['src/index.ts', 'src/__tests__/**'] },
  layer(['src/plugins/**'], {}),
  layer(['src/views/**'], { never: ['**/plugins/*'], atRunTime: EFFECTS }),
  layer(
    ['kernels', 'missing', 'model', 'notices', 'switching'].map(folder => `src/${folder}/*`),
    { never: UPPER }
  ),
  layer(['src/tokens.ts'], { never: [...UPPER, '**/model/*', '**/wire/request'], atRunTime: ['@jupyterlab/*'] }),
  layer(PURE, { never: UPPER, atRunTime: [...FRAMEWORK, ...EFFECTS, '**/tokens'] }),
  layer(['src/wire/*'], { never: ['../*'], atRunTime: [...FRAMEWORK, './request'] }),
  layer(['src/wire/request.ts'], { never: ['../*'] })
];

/** The Jupyter plugin only warns of most of its own rules. */
const strictJupyter = jupyter.configs.recommended.map(block => ({
  ...block,
  plugins: { jupyter },
  rules: Object.fromEntries(Object.keys(block.rules ?? {}).map(rule => [rule, 'error']))
}));

const asHtml = 'Texts from outside are shown as text: set textContent.';

export default defineConfig(
  globalIgnores(['lib', 'node_modules', '*.cjs', '*.mjs', 'style']),
  strictJupyter,
  {
    files: ['src/**/*.ts', 'src/**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines': ['error', { max: 200, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      curly: 'error',
      eqeqeq: 'error',
      'no-alert': 'error',
      'no-console': 'error',
      'no-eval': 'error',
      'no-restricted-properties': [
        'error',
        ...['innerHTML', 'outerHTML', 'insertAdjacentHTML'].map(property => ({ property, message: asHtml }))
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'JSXAttribute[name.name="dangerouslySetInnerHTML"]', message: asHtml }
      ],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Signals take `this` as an argument of their own.
      '@typescript-eslint/unbound-method': 'off',
      // The whole bundle is smaller than one picture: to load it in parts would cost more than it saves.
      'jupyter/prefer-lazy-imports': 'off'
    }
  },
  layers,
  {
    files: ['src/__tests__/**'],
    rules: { 'max-lines-per-function': 'off' }
  }
);
