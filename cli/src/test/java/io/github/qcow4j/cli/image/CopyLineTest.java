package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** With {@code -v} each job that moves data tells in one and the same line how the data came. */
final class CopyLineTest {

  private static final long MIB = 1 << 20;
  private static final Pattern LINE =
      Pattern.compile(
          "qcow4j: bytes shared: (\\d+), copied by the kernel: (\\d+), read and written: (\\d+),"
              + " zeros: (\\d+)\n");

  private final List<Path> made = new ArrayList<>();

  @AfterEach
  void makeRoom() throws IOException {
    for (Path directory : made) {
      LoopFileSystem.delete(directory);
    }
  }

  /** A base of 6 MiB of data in 16 MiB, 1 MiB of it zeros; and an overlay of 2 MiB. */
  private Path chain(Kind kind) throws IOException {
    made.add(LoopFileSystem.shared(kind).newDirectory());
    Workbench bench = Workbench.in(made.getLast());
    bench.image("base.qcow2", "", 16 * MIB, "write -P 1 0 5M", "write -P 0 5M 1M");
    return bench.overlay("top.qcow2", "", "base.qcow2", "write -P 2 8M 2M");
  }

  private static String commandLine(String command, Path top) {
    String target = top.resolveSibling("target").toString();
    return command.replace("TOP", top.toString()).replace("TARGET", target);
  }

  private static OurRun run(String... words) {
    List<String> arguments = new ArrayList<>();
    for (String part : words) {
      arguments.addAll(List.of(part.split(" ", -1)));
    }
    arguments.replaceAll(word -> word.equals("''") ? "" : word);
    return OurRun.asQcow4j(arguments.toArray(String[]::new));
  }

  private static List<Long> told(OurRun run) {
    assertThat(run.exitCode()).as(run.toString()).isZero();
    Matcher line = LINE.matcher(run.stderr());
    assertThat(line.matches()).as(run.toString()).isTrue();
    return List.of(
        Long.parseLong(line.group(1)),
        Long.parseLong(line.group(2)),
        Long.parseLong(line.group(3)),
        Long.parseLong(line.group(4)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          XFS   | convert TOP TARGET               | 8 | 0 | 0 | 8
          BTRFS | convert -O qcow2 TOP TARGET      | 8 | 0 | 0 | 8
          XFS   | convert -C TOP TARGET            | 8 | 0 | 0 | 8
          XFS   | convert -S 0 TOP TARGET          | 0 | 0 | 16 | 0
          EXT4  | convert TOP TARGET               | 0 | 0 | 7 | 9
          EXT4  | convert -C TOP TARGET            | 0 | 8 | 0 | 8
          TMPFS | convert -C -O qcow2 TOP TARGET   | 0 | 8 | 0 | 8
          EXT4  | convert -S 0 TOP TARGET          | 0 | 8 | 8 | 0
          TMPFS | convert -c -O qcow2 -S 64k TOP TARGET | 0 | 0 | 0 | 9
          XFS   | commit TOP                       | 2 | 0 | 0 | 0
          EXT4  | commit TOP                       | 0 | 2 | 0 | 0
          XFS   | rebase -b '' TOP                 | 6 | 0 | 0 | 0
          EXT4  | rebase -b '' TOP                 | 0 | 0 | 5 | 0
          BTRFS | flatten TOP                      | 6 | 0 | 0 | 0
          TMPFS | flatten TOP                      | 0 | 0 | 5 | 0
          TMPFS | flatten -C TOP                   | 0 | 6 | 0 | 0
          """)
  void theLineTellsHowTheDataCame(
      Kind kind, String command, long shared, long byKernel, long read, long zeros)
      throws IOException {
    Path top = chain(kind);
    List<Long> told = told(run("-v", commandLine(command, top)));

    assertThat(told.get(0)).isEqualTo(shared * MIB);
    assertThat(told.get(1)).isEqualTo(byKernel * MIB);
    if (!command.contains("-c")) {
      assertThat(told.get(2)).isEqualTo(read * MIB);
    }
    assertThat(told.get(3)).isEqualTo(zeros * MIB);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "convert -O qcow2 TOP TARGET",
        "commit TOP",
        "rebase -b '' TOP",
        "flatten TOP",
        "flatten --json TOP",
        "convert -O qcow2 TOP -"
      })
  void standardOutputIsTheSameWithAndWithoutIt(String command) throws IOException {
    OurRun silent = run(commandLine(command, chain(Kind.XFS)));
    OurRun verbose = run("-v", commandLine(command, chain(Kind.XFS)));

    assertThat(told(verbose)).hasSize(4);
    assertThat(silent.exitCode()).as(silent.toString()).isZero();
    assertThat(silent.stderr()).isEmpty();
    assertThat(verbose.stdout()).isEqualTo(silent.stdout());
  }

  @Test
  void flatteningCannotBothCompressAndLeaveTheDataToTheKernel() throws IOException {
    OurRun run = run(commandLine("flatten -c -C TOP", chain(Kind.TMPFS)));

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.stderr()).isEqualTo("qcow4j: Cannot enable copy offloading when -c is used\n");
  }
}
