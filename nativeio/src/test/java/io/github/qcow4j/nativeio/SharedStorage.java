package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the file system says of a file's extents, by {@code FIEMAP}, which filefrag(8) asks. */
public final class SharedStorage {

  /** Number, logical range, physical range, length in bytes, expected place, flags. */
  private static final Pattern EXTENT =
      Pattern.compile("\\s*\\d+:\\s*\\d+\\.\\.\\s*\\d+:\\s*\\d+\\.\\.\\s*\\d+:\\s*(\\d+):(.*)");

  private SharedStorage() {}

  /** How many bytes of the file stand in extents that other files, or ranges, use as well. */
  public static long sharedBytes(Path path) throws IOException {
    Process process =
        new ProcessBuilder("filefrag", "-v", "-b1", path.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!output.contains("physical_offset")) {
      throw new IOException("filefrag does not tell: " + output);
    }
    return output
        .lines()
        .map(EXTENT::matcher)
        .filter(Matcher::matches)
        .filter(extent -> extent.group(2).contains("shared"))
        .mapToLong(extent -> Long.parseLong(extent.group(1)))
        .sum();
  }
}
