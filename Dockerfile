# syntax=docker/dockerfile:1

# Install scripts are left out in both stages: they fetch a second Node and link the bundled
# PostgreSQL, and the image needs neither.
FROM node:24-alpine AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build

FROM node:24-alpine AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without the optional packages, which are the PostgreSQL binaries: the database is DATABASE_URL's.
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force

FROM node:24-alpine
ENV NODE_ENV=production
WORKDIR /app
# Only .data is ever written, so that the rest of the file system may be read-only.
RUN addgroup -g 10001 zhouqi \
  && adduser -u 10001 -G zhouqi -D -H -s /sbin/nologin zhouqi \
  && install -d -o zhouqi -g zhouqi -m 0700 /app/.data
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
USER 10001:10001
VOLUME /app/.data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD wget -q -O /dev/null "http://127.0.0.1:${PORT:-3000}/health/live" || exit 1
CMD ["node", "dist/src/main.js"]
