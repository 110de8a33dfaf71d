package io.github.qcow4j.snapshot.tar;

/**
 * A regular file in an archive.
 *
 * @param name its name, a plain one
 * @param sizeBytes how long the file is, holes included
 */
public record TarMember(String name, long sizeBytes) {}
