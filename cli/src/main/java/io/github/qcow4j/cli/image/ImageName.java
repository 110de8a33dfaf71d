package io.github.qcow4j.cli.image;

import io.github.qcow4j.qcow2.ImageFormat;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * An image as the user named it.
 *
 * @param given the user's words, for messages
 * @param file the name of the file in them, as the user spelled it
 * @param path the same as a name to open
 * @param format its format, or null to let its content decide
 * @param dataFile the external data file to take in place of the one that the image names, or null
 */
record ImageName(
    String given, String file, Path path, @Nullable ImageFormat format, @Nullable Path dataFile) {}
