import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import express, { type NextFunction, type Request, type RequestHandler, type Response, Router } from 'express';

const require = createRequire(import.meta.url);
const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

/** Scripts come from here alone; the page colours itself by inline styles, and its images stand in them. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Zhouqi: the API</title>
  <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
  <link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
  <div id="docs"><p>The document itself: <a href="/openapi.json">/openapi.json</a></p></div>
  <script src="/docs/swagger-ui-bundle.js"></script>
  <script src="/docs/start.js"></script>
</body>
</html>
`;

/** Tags stay folded, so that the whole interface is seen at a glance; a key that was typed in is not kept. */
const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  docExpansion: 'none',
  filter: true,
  persistAuthorization: false,
  validatorUrl: null,
});
`;

/** The readable page of the interface, for anybody, without a word from another host. */
export function docsPage(): RequestHandler {
  const files = express.static(dirname(require.resolve('swagger-ui-dist/package.json')), { index: false, redirect: false, maxAge: '1h' });
  return Router()
    .use((_: Request, response: Response, next: NextFunction) => {
      response.setHeader('content-security-policy', POLICY);
      next();
    })
    .get('/', (_: Request, response: Response) => void response.type('html').send(PAGE))
    .get('/start.js', (_: Request, response: Response) => void response.type('js').send(START))
    .get(ASSETS.map((name) => `/${name}`), (request, response, next) => {
      response.removeHeader('cache-control');
      files(request, response, next);
    });
}
