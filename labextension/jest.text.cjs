// Pictures and styles are text, as in the bundle.
module.exports = { process: text => ({ code: `module.exports = ${JSON.stringify(text)};` }) };
