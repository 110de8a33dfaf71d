package io.github.qcow4j.qcow2.testing;

/**
 * An internal snapshot that a generated image holds at the end of its script.
 *
 * @param id id given by QEMU
 * @param name name given at creation
 * @param virtualSizeBytes guest size at that time
 */
public record ZooSnapshot(String id, String name, long virtualSizeBytes) {}
