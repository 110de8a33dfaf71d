package io.github.qcow4j.cli.leaks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Rounds of all jobs, in a process of its own: {@code DIRECTORY WARM-UP ROUNDS SECONDS}, the rounds
 * being as many, and as many more as begin in this time. Says on a line each what it holds after
 * the warm-up and in the end, and how many rounds lie between.
 */
final class RoundsProcess {

  private RoundsProcess() {}

  public static void main(String[] arguments) throws Exception {
    Path directory = Path.of(arguments[0]);
    int warmUp = Integer.parseInt(arguments[1]);
    int rounds = Integer.parseInt(arguments[2]);
    long nanoseconds = Long.parseLong(arguments[3]) * 1_000_000_000;
    CommandRound commands = new CommandRound(Files.createDirectory(directory.resolve("commands")));
    try (KeptRound kept = new KeptRound(Files.createDirectory(directory.resolve("kept")))) {
      for (int i = 0; i < warmUp; i++) {
        commands.run();
        kept.run();
      }
      List<String> files = CommandRound.files(directory);
      say();
      long start = System.nanoTime();
      int done = 0;
      while (done < rounds || System.nanoTime() - start < nanoseconds) {
        commands.run();
        kept.run();
        done++;
      }
      say();
      System.out.println(done);
      List<String> left = CommandRound.files(directory);
      if (!left.equals(files)) {
        throw new AssertionError(left + " in place of " + files);
      }
    }
  }

  private static void say() throws IOException {
    System.out.println(
        Holdings.now().entrySet().stream()
            .map(each -> each.getKey() + "=" + each.getValue())
            .collect(Collectors.joining(" ")));
  }
}
