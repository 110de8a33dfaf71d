package io.github.qcow4j.nativeio;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

/**
 * Another Java process that does with locks what it is told, line by line: {@code lock 100 1
 * SHARED}, {@code ask 100 1 EXCLUSIVE}, {@code unlock 100 1}. It answers each with {@code true},
 * {@code false}, or an exception's text.
 */
public final class LockingProcess implements Closeable {

  private final Process process;
  private final PrintStream commands;
  private final BufferedReader answers;

  private LockingProcess(Process process) {
    this.process = process;
    this.commands = new PrintStream(process.getOutputStream(), true, UTF_8);
    this.answers = process.inputReader(UTF_8);
  }

  /** Starts a process that has {@code path} open for reading and writing through the provider. */
  public static LockingProcess start(String provider, Path path) throws IOException {
    return new LockingProcess(JavaProcess.start(Commands.class, provider, path.toString()));
  }

  public boolean tryLock(long start, long length, LockMode mode) throws IOException {
    return command("lock " + start + " " + length + " " + mode);
  }

  public boolean lockedByOther(long start, long length, LockMode mode) throws IOException {
    return command("ask " + start + " " + length + " " + mode);
  }

  public void unlock(long start, long length) throws IOException {
    command("unlock " + start + " " + length);
  }

  private boolean command(String line) throws IOException {
    commands.println(line);
    String answer = answers.readLine();
    return switch (answer) {
      case "true" -> true;
      case "false" -> false;
      case null -> throw new IOException("the process is gone");
      default -> throw new IOException(answer);
    };
  }

  /** Ends the process as a power switch would. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** What runs in the other process. */
  static final class Commands {
    private Commands() {}

    public static void main(String[] arguments) throws IOException {
      Volume volume = Volumes.choose(arguments[0]);
      BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, UTF_8));
      try (BlockFile file = volume.open(Path.of(arguments[1]), OpenOptions.writing())) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          System.out.println(answer(file, List.of(line.split(" ", -1))));
        }
      }
    }

    private static String answer(BlockFile file, List<String> words) {
      try {
        return String.valueOf(run(file, words));
      } catch (IOException e) {
        return e.toString();
      }
    }

    private static boolean run(BlockFile file, List<String> words) throws IOException {
      long start = Long.parseLong(words.get(1));
      long length = Long.parseLong(words.get(2));
      return switch (words.get(0)) {
        case "lock" -> file.tryLock(start, length, LockMode.valueOf(words.get(3)));
        case "ask" -> file.lockedByOther(start, length, LockMode.valueOf(words.get(3)));
        default -> {
          file.unlock(start, length);
          yield true;
        }
      };
    }
  }
}
