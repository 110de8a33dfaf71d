package io.github.qcow4j.snapshot.model;

/**
 * A file that came with a box, is none of its disks, and goes where it goes.
 *
 * @param name its name in the directory that it came from
 * @param sizeBytes its length; 0 when it is missing
 */
public record OtherFile(String name, long sizeBytes) {}
