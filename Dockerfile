# docker build -t seewhy .                              for the CPU
# docker build -t seewhy --build-arg DEVICE=cuda .      for NVIDIA cards; run it with --gpus all
# docker run --rm -p 127.0.0.1:8501:8501 -v seewhy:/home/seewhy/.cache seewhy

FROM python:3.13-slim-bookworm AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ENV PATH=/opt/seewhy/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/seewhy
# PyTorch first, in a layer of its own: it is most of the weight and changes least.
ARG DEVICE=cpu
RUN case "$DEVICE" in \
      cpu) pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu 'torch>=2.6,<3' 'torchvision>=0.21,<1' ;; \
      cuda) pip install --no-cache-dir 'torch>=2.6,<3' 'torchvision>=0.21,<1' ;; \
      *) echo "DEVICE is cpu or cuda, not '$DEVICE'." >&2; exit 2 ;; \
    esac
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY models models
COPY explainers explainers
COPY dashboard dashboard
RUN pip install --no-cache-dir .

FROM python:3.13-slim-bookworm
# Chromium draws PNG, SVG and PDF exports. Debian keeps only its newest, patched build, so a pinned version would rot.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends chromium \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 seewhy \
    && install -d -o seewhy -g seewhy -m 0700 /home/seewhy/.cache
COPY --from=build /opt/seewhy /opt/seewhy
ENV PATH=/opt/seewhy/bin:$PATH PYTHONUNBUFFERED=1 NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 10001
WORKDIR /home/seewhy
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/readyz', timeout=4)"]
ENTRYPOINT ["seewhy", "serve"]
# Inside the container every interface; outside it only what -p publishes.
CMD ["--host", "0.0.0.0", "--port", "8501"]
