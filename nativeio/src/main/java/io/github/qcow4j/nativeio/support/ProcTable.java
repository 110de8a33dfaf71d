package io.github.qcow4j.nativeio.support;

import io.github.qcow4j.nativeio.ProcessIdentity;
import io.github.qcow4j.nativeio.ProcessStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads {@code /proc} ({@code proc(5)}). Any thread may ask. */
public final class ProcTable {

  private static final Path PROC = Path.of("/proc");

  /** Counted from the first field after the command's name, which may contain anything. */
  private static final int STATE = 0;

  private static final int PARENT = 1;
  private static final int GROUP = 2;
  private static final int TERMINAL_GROUP = 5;
  private static final int START = 19;

  private volatile @Nullable String bootId;

  /** A table that has read nothing yet. */
  public ProcTable() {}

  /** What a process does, or null when there is none of that number. */
  public @Nullable ProcessStatus status(long pid) throws IOException {
    Path directory = PROC.resolve(Long.toString(pid));
    String[] fields = fields(directory.resolve("stat"));
    if (fields == null) {
      requireProc();
      return null;
    }
    char state = fields[STATE].charAt(0);
    boolean alive = state != 'Z' && state != 'X' && state != 'x';
    return new ProcessStatus(
        new ProcessIdentity(pid, bootId() + ":" + fields[START]),
        Long.parseLong(fields[PARENT]),
        Long.parseLong(fields[GROUP]),
        Long.parseLong(fields[TERMINAL_GROUP]),
        alive,
        alive && isStopped(state) && allThreadsStopped(directory.resolve("task")));
  }

  /** All processes that are there before and after each is looked at, by number. */
  public List<ProcessStatus> all() throws IOException {
    List<ProcessStatus> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(PROC, "[1-9]*")) {
      for (Path entry : entries) {
        ProcessStatus status = status(Long.parseLong(entry.getFileName().toString()));
        if (status != null) {
          found.add(status);
        }
      }
    }
    found.sort(Comparator.comparingLong(each -> each.identity().pid()));
    return found;
  }

  private static boolean isStopped(char state) {
    return state == 'T' || state == 't';
  }

  /** Threads stop one by one; one in the midst of a system call only after that. */
  private static boolean allThreadsStopped(Path tasks) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(tasks)) {
      for (Path entry : entries) {
        String[] fields = fields(entry.resolve("stat"));
        if (fields != null && "RSDI".indexOf(fields[STATE].charAt(0)) >= 0) {
          return false;
        }
      }
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** The fields behind the command's name, or null when the process is gone. */
  private static String @Nullable [] fields(Path stat) throws IOException {
    String line;
    try {
      // Bytes as they are: a command's name need not be text.
      line = new String(Files.readAllBytes(stat), StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException e) {
      return null;
    } catch (IOException e) {
      // ESRCH, in whichever language: the process ended between open and read.
      if (!Files.exists(stat)) {
        return null;
      }
      throw e;
    }
    String[] fields = line.substring(line.lastIndexOf(')') + 1).strip().split(" ", -1);
    if (fields.length <= START || fields[STATE].isEmpty()) {
      throw new IOException(stat + " has not the form that proc(5) tells of");
    }
    return fields;
  }

  /** No process of a number is one thing, no table of processes another. */
  private static void requireProc() throws IOException {
    if (!Files.exists(PROC.resolve("self").resolve("stat"))) {
      throw new NoSuchFileException(PROC.toString(), null, "it is not mounted");
    }
  }

  private String bootId() throws IOException {
    String known = bootId;
    if (known == null) {
      known = Files.readString(PROC.resolve("sys/kernel/random/boot_id")).strip();
      bootId = known;
    }
    return known;
  }
}
