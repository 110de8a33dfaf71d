package io.github.qcow4j.qcow2.rebase;

import io.github.qcow4j.qcow2.ImageFormat;

/**
 * How an overlay names its backing file.
 *
 * @param name as it is to be stored; a relative one counts from the overlay's directory
 * @param format its format, always stored: one that is not is guessed by whoever opens the overlay
 */
public record BackingName(String name, ImageFormat format) {}
