# Seraphim's image. Two stages: the first has pip and its cache, the second what runs, and nothing to
# install, compile or become somebody else with. Nothing is compiled in either: every package has a
# wheel for Linux on x86-64 and ARM, and each is checked against its hash in requirements.txt.
#
# The root file system may be read-only: only /data and /logs are written to, and /tmp.
ARG PYTHON=python:3.11.14-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python -m venv /opt/seraphim
ENV PATH=/opt/seraphim/bin:$PATH
# First what changes seldom: these layers are kept while only our own code changes.
COPY requirements.txt ./
RUN python -m pip install --require-hashes --only-binary :all: -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY actors actors
COPY seraphim seraphim
# setuptools was pinned with the rest, so nothing is fetched here. What installed goes, too.
RUN python -m pip install --no-deps --no-build-isolation . \
    && python -m pip uninstall --yes setuptools pip

FROM ${PYTHON} AS final
ENV PATH=/opt/seraphim/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SERAPHIM_CONTAINER=1 \
    HOME=/data \
    DATA_DIR=/data
# The volumes take their owner from these folders. What installs packages is not needed again.
RUN groupadd --gid 1001 seraphim \
    && useradd --uid 1001 --gid 1001 --home-dir /data --no-create-home \
        --shell /usr/sbin/nologin seraphim \
    && install --directory --owner 1001 --group 1001 --mode 0700 /data /logs \
    && rm -rf /usr/local/bin/pip* /usr/local/bin/idle* /usr/local/bin/2to3* \
        /usr/local/lib/python3.11/ensurepip /usr/local/lib/python3.11/idlelib \
        /usr/local/lib/python3.11/site-packages/* \
        /usr/bin/apt* /usr/bin/dpkg* /usr/bin/perl* /usr/bin/passwd /usr/bin/chsh /usr/bin/su
COPY --from=build /opt/seraphim /opt/seraphim
USER 1001:1001
WORKDIR /data
VOLUME ["/data", "/logs"]
STOPSIGNAL SIGTERM
# 0 when /healthz says that it is healthy or degraded, else 1.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "seraphim.operations.probe"]
ENTRYPOINT ["seraphim"]
CMD ["run"]
