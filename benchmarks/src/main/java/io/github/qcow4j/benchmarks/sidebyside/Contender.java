package io.github.qcow4j.benchmarks.sidebyside;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One way to do a job: a command line, to which the names of source and target are added.
 *
 * @param name how the results call it
 * @param ending what it promises of the target when it ends
 * @param command the program and its options
 */
record Contender(String name, Ending ending, List<String> command) {

  /** What a command promises, by what it was told. */
  enum Ending {
    /** Nothing was said: ours makes the target durable, qemu-img leaves it to the page cache. */
    DEFAULT,
    /** {@code -t unsafe} was said: both leave it to the page cache. */
    UNSAFE,
    /** The target was synced afterwards. */
    SYNCED
  }

  private static final Path SELF = Path.of("/proc/self/stat");

  /** User and system time of children that ended, in /proc/self/stat behind the name: proc(5). */
  private static final int CHILDREN_USER_FIELD = 13;

  /** USER_HZ, the unit of the times there; 100 on every architecture that runs Java. */
  private static final double TICKS_PER_SECOND = 100;

  /** Runs it once, on a target that is not there before. */
  Measured run(Path source, Path target) throws IOException, InterruptedException {
    Files.deleteIfExists(target);
    List<String> line = new ArrayList<>(command);
    line.add(source.toString());
    line.add(target.toString());
    ProcessBuilder builder =
        new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(Redirect.INHERIT);
    long ticksBefore = childrenTicks();
    long start = System.nanoTime();
    int exitCode = builder.start().waitFor();
    double wallSeconds = (System.nanoTime() - start) / 1e9;
    if (exitCode != 0) {
      throw new IOException(String.join(" ", line) + ": exit code " + exitCode);
    }
    return new Measured(wallSeconds, (childrenTicks() - ticksBefore) / TICKS_PER_SECOND);
  }

  private static long childrenTicks() throws IOException {
    String stat = Files.readString(SELF);
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return Long.parseLong(fields[CHILDREN_USER_FIELD])
        + Long.parseLong(fields[CHILDREN_USER_FIELD + 1]);
  }
}
