package io.github.qcow4j.nativeio.panama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Bytes;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.ProviderInfo;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.linux.LinuxCalls;
import io.github.qcow4j.nativeio.linux.LinuxVolume;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A kernel that refuses to share, or to copy on: the bytes come in the next way. When it fails at
 * either, so does the call.
 */
final class CopyRefusalTest {

  private static final int MIB = 1 << 20;
  private static final int LENGTH = 4 * MIB;
  private static final Set<CopyMethod> OFFLOADED =
      Set.of(CopyMethod.REFLINK, CopyMethod.KERNEL_COPY);

  private final Map<String, Integer> calls = new HashMap<>();
  private final Map<String, Errno> answers = new HashMap<>();
  private final byte[] content = Bytes.random(LENGTH, 41);
  private Volume volume;
  private int copies;

  @TempDir private Path directory;

  @BeforeEach
  void findTheKernel() throws IOException {
    LinuxCalls real = new PanamaCalls();
    LinuxCalls moody =
        (LinuxCalls)
            Proxy.newProxyInstance(
                LinuxCalls.class.getClassLoader(),
                new Class<?>[] {LinuxCalls.class},
                (proxy, method, arguments) -> call(real, method, arguments));
    ProviderInfo info =
        new ProviderInfo("moody", EnumSet.allOf(ProviderInfo.Capability.class), "a test");
    volume = LinuxVolume.over(moody, info);
  }

  /** It copies by the megabyte, and refuses the second one if it is to refuse. */
  private Object call(LinuxCalls real, Method method, Object[] arguments) throws Throwable {
    String name = method.getName();
    int count = calls.merge(name, 1, Integer::sum);
    Errno answer = answers.get(name);
    if (name.equals("ioctl") && answer != null) {
      return (long) -answer.number();
    } else if (name.equals("copyFileRange")) {
      if (answer != null && count > 1) {
        return (long) -answer.number();
      }
      arguments[4] = Math.min((long) arguments[4], MIB);
    }
    try {
      return method.invoke(real, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private int calls(String name) {
    return calls.getOrDefault(name, 0);
  }

  /** Copies a file, and says how; the copy is the same. */
  private CopyResult copy(Set<CopyMethod> ways) throws IOException {
    Path from = directory.resolve("from");
    if (!volume.exists(from)) {
      try (BlockFile source = volume.open(from, OpenOptions.creatingNew())) {
        Bytes.write(source, content, 0);
      }
    }
    Path to = directory.resolve("to" + copies++);
    try (BlockFile source = volume.open(from, OpenOptions.reading());
        BlockFile target = volume.open(to, OpenOptions.creatingNew())) {
      calls.clear();
      CopyResult result = target.copyRange(source, 0, 0, LENGTH, ways);
      int done = (int) result.totalBytes();
      assertThat(Bytes.read(target, 0, done)).isEqualTo(Arrays.copyOf(content, done));
      return result;
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Errno.class,
      names = {"EOPNOTSUPP", "ENOTTY", "ENOSYS"})
  void whatTheFileSystemsNeverDoIsNotAskedForAgain(Errno errno) throws IOException {
    answers.put("ioctl", errno);
    try (BlockFile _ = volume.open(directory.resolve("open"), OpenOptions.creatingNew())) {
      assertThat(copy(CopyMethod.ALL)).isEqualTo(new CopyResult(0, LENGTH, 0));
      assertThat(calls("ioctl")).isEqualTo(1);
      assertThat(copy(CopyMethod.ALL)).isEqualTo(new CopyResult(0, LENGTH, 0));
      assertThat(calls("ioctl")).isZero();

      answers.put("copyFileRange", errno);
      assertThat(copy(CopyMethod.ALL)).isEqualTo(new CopyResult(0, MIB, LENGTH - MIB));
      assertThat(copy(CopyMethod.ALL)).isEqualTo(new CopyResult(0, 0, LENGTH));
      assertThat(calls("copyFileRange")).isZero();
      assertThat(copy(OFFLOADED)).isEqualTo(CopyResult.NONE);
    }
  }

  /** By then another file system may be mounted under its number. */
  @Test
  void whatAFileSystemRefusedIsForgottenWithTheLastFileThatIsOpenOnIt() throws IOException {
    answers.put("ioctl", Errno.EOPNOTSUPP);
    BlockFile one = volume.open(directory.resolve("one"), OpenOptions.creatingNew());
    BlockFile two = volume.open(directory.resolve("two"), OpenOptions.creatingNew());
    assertThat(copy(CopyMethod.ALL).reflinkBytes()).isZero();
    one.close();
    one.close();
    assertThatThrownBy(() -> volume.open(directory.resolve("one"), OpenOptions.creatingNew()))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThatThrownBy(() -> volume.open(directory, OpenOptions.reading()))
        .hasMessageContaining("Is a directory");
    assertThat(copy(CopyMethod.ALL).reflinkBytes()).isZero();
    assertThat(calls("ioctl")).isZero();

    two.close();
    assertThat(copy(CopyMethod.ALL).reflinkBytes()).isZero();
    assertThat(calls("ioctl")).isEqualTo(1);
  }

  /** As between two mounts, or two layers of an overlay, where the next pair of files may do. */
  @Test
  void whatIsRefusedBetweenTwoFilesIsAskedForBetweenTheNextTwo() throws IOException {
    answers.put("ioctl", Errno.EXDEV);
    answers.put("copyFileRange", Errno.EXDEV);
    Path name = directory.resolve("one");
    try (BlockFile source = volume.open(name, OpenOptions.creatingNew());
        BlockFile target = volume.open(directory.resolve("two"), OpenOptions.creatingNew())) {
      Bytes.write(source, content, 0);
      for (int round = 0; round < 2; round++) {
        assertThat(target.copyRange(source, 0, 0, LENGTH).userCopyBytes()).isPositive();
      }
      assertThat(calls("ioctl")).isEqualTo(1);
      assertThat(calls("copyFileRange")).isEqualTo(2);
    }

    assertThat(copy(CopyMethod.ALL)).isEqualTo(new CopyResult(0, MIB, LENGTH - MIB));
    assertThat(calls("ioctl")).isEqualTo(1);
    answers.remove("copyFileRange");
    assertThat(copy(CopyMethod.ALL)).isEqualTo(new CopyResult(0, LENGTH, 0));
  }

  @ParameterizedTest
  @EnumSource(
      value = Errno.class,
      names = {"EINVAL", "ETXTBSY", "ENOSPC", "EDQUOT", "EPERM"})
  void whatIsRefusedOnceComesInTheNextWayAndMayWorkLater(Errno errno) throws IOException {
    answers.put("ioctl", errno);
    answers.put("copyFileRange", errno);

    assertThat(copy(CopyMethod.ALL)).isEqualTo(new CopyResult(0, MIB, LENGTH - MIB));
    assertThat(copy(OFFLOADED)).isEqualTo(new CopyResult(0, MIB, 0));
    assertThat(calls("ioctl")).isEqualTo(1);
    answers.remove("copyFileRange");
    assertThat(copy(OFFLOADED)).isEqualTo(new CopyResult(0, LENGTH, 0));
  }

  @ParameterizedTest
  @EnumSource(
      value = Errno.class,
      names = {"EIO", "ESTALE", "EROFS", "ENOMEM"})
  void aFailureToShareIsNoRefusal(Errno errno) {
    answers.put("ioctl", errno);

    assertThatThrownBy(() -> copy(CopyMethod.ALL))
        .isInstanceOfSatisfying(
            SystemCallException.class, e -> assertThat(e.errno()).isEqualTo(errno.number()));
    assertThat(calls("copyFileRange")).isZero();
    assertThat(calls("pwrite") + calls("pwriteOwn")).isZero();
  }

  @Test
  void aFailureInTheMiddleOfACopyIsNoRefusal() {
    answers.put("ioctl", Errno.EOPNOTSUPP);
    answers.put("copyFileRange", Errno.EIO);

    assertThatThrownBy(() -> copy(CopyMethod.ALL)).hasMessageContaining("Input/output error");
    assertThat(calls("copyFileRange")).isEqualTo(2);
    assertThat(calls("pwrite") + calls("pwriteOwn")).isZero();
  }

  @Test
  void theKernelIsNotAskedToCopyToStorageOfItsOwnWhereItWouldShare() throws IOException {
    // What a file system that shares says to a range of no whole blocks.
    answers.put("ioctl", Errno.EINVAL);

    assertThat(copy(Set.of(CopyMethod.KERNEL_COPY, CopyMethod.USER_COPY)))
        .isEqualTo(new CopyResult(0, 0, LENGTH));
    assertThat(calls("copyFileRange")).isZero();
  }
}
