#!/bin/bash
# Install the Debian packages that are missing, in the groups named: kiosk (to set up and run), tests (to test).
# Nothing is downloaded, and nothing is asked of root, when nothing is missing.
set -eu

kiosk="make gcc libc6-dev python3-dev python3-venv swig libpcsclite-dev
    pcscd vsmartcard-vpcd
    libgl1 libegl1 libgles2 libgl1-mesa-dri libmtdev1 libfribidi0
    fonts-noto-cjk fonts-noto-core fonts-droid-fallback
    tesseract-ocr tesseract-ocr-chi-sim espeak-ng alsa-utils"
tests="xvfb xdotool chromium postgresql coturn systemd"

wanted=
for group in "${@:-kiosk}"; do
    case $group in
    kiosk) wanted="$wanted $kiosk" ;;
    tests) wanted="$wanted $tests" ;;
    *) echo "tools/debian.sh: no group $group; there are kiosk and tests" >&2; exit 2 ;;
    esac
done
wanted=$(echo $wanted)

[ "${DEBIAN:-}" = skip ] && exit 0
if ! command -v dpkg-query >/dev/null; then
    echo "This set-up installs packages with apt, and there is no dpkg here." >&2
    echo "Install what these Debian packages hold, then run again with DEBIAN=skip:" >&2
    echo "    $wanted" >&2
    exit 1
fi

installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p') || true
missing=
for package in $wanted; do
    case " $(echo $installed) " in
    *" $package "*) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -z "$missing" ] && exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        by=
        how=" as root"
        if command -v sudo >/dev/null; then by="sudo " how=; fi
        echo "Debian packages are missing, and installing them takes root. Run this$how, then try again:" >&2
        echo "    ${by}apt-get update && ${by}apt-get install -y --no-install-recommends$missing" >&2
        exit 1
    fi
fi

apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 "$@"
}

echo "Installing Debian packages:$missing"
if ! apt update; then
    echo "apt-get update failed. Is this machine online, and does /etc/apt/sources.list name a mirror it can reach?" >&2
    echo "Trying with the package lists that are here." >&2
fi
if ! apt install -y --no-install-recommends $missing; then
    echo >&2
    echo "These Debian packages could not be installed:$missing" >&2
    echo "See apt's own words above. Offline: copy the .deb files here and install them with dpkg -i." >&2
    exit 1
fi
