// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them.

const list = (value) => Array.isArray(value) ? value : [];
const objects = (value) => list(value).filter((one) => one !== null && typeof one === "object");
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const grouped = (count) => isNumber(count) ? count.toLocaleString("en") : "–";
const plural = (count, one, many = one + "s") => grouped(count) + " " + (count === 1 ? one : many);

// 0.0123 -> "0.012 s", 12.3 -> "12.30 s", 4000 -> "66 min 40 s"
function seconds(value) {
    if (!isNumber(value)) return "–";
    if (value >= 3600) return Math.floor(value / 3600) + " h " + Math.round(value % 3600 / 60) + " min";
    if (value >= 120) return Math.floor(value / 60) + " min " + Math.round(value % 60) + " s";
    return value.toFixed(value < 10 ? 3 : value < 60 ? 2 : 1) + " s";
}
const atSecond = (us) => clock(us / 1e6, 3);

// A moment of the run: "12.345 s", "1:02:03.4"; with so many digits as tell `step` apart.
function clock(value, digits) {
    if (value < 60) return value.toFixed(digits) + " s";
    const rest = (value % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
    const minutes = Math.floor(value / 60);
    if (minutes < 60) return minutes + ":" + rest;
    return Math.floor(minutes / 60) + ":" + String(minutes % 60).padStart(2, "0") + ":" + rest;
}
const digitsFor = (step) => Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9)));

function bytes(value) {
    if (!isNumber(value)) return "–";
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    while (Math.abs(value) >= 1024 && unit < units.length - 1) {
        value /= 1024;
        ++unit;
    }
    return (unit === 0 || Math.abs(value) >= 100 ? Math.round(value) : +value.toPrecision(3)) + " " + units[unit];
}

const milliseconds = (value) => seconds(isNumber(value) ? value / 1000 : null);

// ["a"] -> "a", ["a", "b"] -> "a and b"; not more than `most` of them.
function listed(names, most = 4) {
    const shown = names.slice(0, most);
    if (names.length > most) shown.push((names.length - most) + " more");
    if (shown.length < 2) return shown.join("");
    return shown.slice(0, -1).join(", ") + " and " + shown[shown.length - 1];
}
