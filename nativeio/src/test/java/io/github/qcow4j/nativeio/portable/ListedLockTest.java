package io.github.qcow4j.nativeio.portable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.LockMode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lines of {@code /proc/locks}: what each kind says, and that what says nothing is no "no". */
final class ListedLockTest {

  private static final FileIdentity FILE = new FileIdentity(0x802, 1234);

  private static boolean held(LockMode mode, String... lines) throws IOException {
    return ListedLocks.heldElsewhere(List.of(lines), FILE, false, 100, 101, mode);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1: OFDLCK ADVISORY  READ -1 08:02:1234 100 101",
        "1: POSIX  ADVISORY  READ 1 08:02:1234 0 EOF",
        "12: POSIX  MANDATORY READ 1 08:02:1234 100 100",
      })
  void aLockOfTheFileOverTheRangeIsHeld(String line) throws IOException {
    assertThat(held(LockMode.EXCLUSIVE, line)).isTrue();
    assertThat(held(LockMode.SHARED, line)).isFalse();
    assertThat(held(LockMode.SHARED, line.replace("READ", "WRITE"))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1: OFDLCK ADVISORY  WRITE -1 08:02:1235 100 101",
        "1: OFDLCK ADVISORY  WRITE -1 08:03:1234 100 101",
        "1: OFDLCK ADVISORY  WRITE -1 08:02:1234 101 EOF",
        "1: OFDLCK ADVISORY  WRITE -1 08:02:1234 0 99",
        "1: OFDLCK ADVISORY  WRITE -1 08:02:18446744073709551615 100 101",
        "1: FLOCK  ADVISORY  WRITE 7 08:02:1234 0 EOF",
        "1: LEASE  ACTIVE    READ 7 08:02:1234 0 EOF",
        "1: DELEG  BREAKING  READ 7 08:02:1234 0 EOF",
        "1: ACCESS ADVISORY  READ 7 08:02:1234 0 EOF",
        "1: -> POSIX  ADVISORY  WRITE 7 08:02:1234 100 101",
        "1: POSIX  *NOINODE* WRITE 7 <none>:0 100 101",
      })
  void anythingElseIsNot(String line) throws IOException {
    assertThat(held(LockMode.EXCLUSIVE, line)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1:",
        "1: UNKNOWN UNKNOWN  WRITE 7 08:02:1234 0 EOF",
        "1: POSIX  ADVISORY  EXCLUSIVE 7 08:02:1234 0 EOF",
        "1: OFDLCK ADVISORY  WRITE -1 08:02:1234 100",
        "1: OFDLCK ADVISORY  WRITE -1 08:02:99999999999999999999 100 101",
        "1: OFDLCK ADVISORY  WRITE -1 08:02:1234 100 99999999999999999999",
        "1: OFDLCK ADVISORY  WRITE -1 1234 100 101",
      })
  void aLineThatCannotBeReadIsAFailureAndNotANo(String line) {
    String readable = "2: OFDLCK ADVISORY  WRITE -1 08:02:1234 100 101";
    for (LockMode mode : LockMode.values()) {
      assertThatThrownBy(() -> held(mode, line))
          .isInstanceOf(IOException.class)
          .hasMessage("cannot tell who holds locks: /proc/locks says '" + line + "'");
      assertThatThrownBy(() -> held(mode, readable, line)).isInstanceOf(IOException.class);
    }
  }

  /** Whatever is locked on this machine at present. */
  @Test
  void everyLineOfThisKernelCanBeRead() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/locks"), StandardCharsets.ISO_8859_1)) {
      ListedLock.of(line);
    }
  }
}
