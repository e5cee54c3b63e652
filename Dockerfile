# GraphCDP against a Neo4j of its own: the embedded one is not used here.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY cypher cypher
COPY graphcdp graphcdp
RUN pip install --no-cache-dir --prefix=/install ".[parquet,kafka]"

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 graphcdp
COPY --from=build /install /usr/local
USER graphcdp
ENV GRAPHCDP_HOST=0.0.0.0 GRAPHCDP_LOG_FORMAT=json
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["graphcdp", "serve"]
