// What JupyterLab's packages want to be there when they are imported, and jsdom does not have.
if (typeof window !== 'undefined') {
  const { TextDecoder, TextEncoder } = require('util');
  const missing = {
    DragEvent: class DragEvent extends window.MouseEvent {},
    Headers: class Headers {},
    Request: class Request {},
    Response: class Response {},
    ResizeObserver: class ResizeObserver {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
    TextDecoder,
    TextEncoder,
    matchMedia: () => ({ matches: false, addEventListener() {}, removeEventListener() {}, addListener() {} }),
    fetch: () => Promise.reject(new Error('no network in these tests'))
  };
  for (const [name, value] of Object.entries(missing)) {
    window[name] ??= value;
  }
  document.queryCommandSupported ??= () => false;
}
