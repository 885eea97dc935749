// What the maker and the live answers share: why there is no picture, and one picture of what the camera sees.

import { make } from "./collect.js";

/** Why a camera could not be opened: "denied", "in_use" or "none". */
export function reason(error) {
  if (["NotAllowedError", "SecurityError"].includes(error.name)) return "denied";
  if (["NotReadableError", "AbortError"].includes(error.name)) return "in_use";
  return "none"; // also where the browser has no camera at all
}

/** Pixels across and down of a picture of ``video`` that is at most ``widest`` pixels across. */
export function fitting(video, widest) {
  const scale = Math.min(1, widest / video.videoWidth);
  return [Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale)];
}

export function draw(source, width, height, ...cut) {
  const canvas = make("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").drawImage(source, ...cut, 0, 0, width, height);
  return canvas;
}

export function toJpeg(canvas, quality) {
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
}
