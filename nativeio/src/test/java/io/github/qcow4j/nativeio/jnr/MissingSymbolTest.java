package io.github.qcow4j.nativeio.jnr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.AccessPattern;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Bytes;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.ProviderInfo;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.ZeroMethod;
import io.github.qcow4j.nativeio.linux.LinuxVolume;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import jnr.ffi.LibraryLoader;
import jnr.ffi.LibraryOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Functions that the C library lacks. */
final class MissingSymbolTest {

  private static final Set<String> NOT_EVERYWHERE =
      Set.of("statx", "fallocate", "sync_file_range", "posix_fadvise", "syncfs", "statfs");

  @TempDir Path directory;

  /** Public for the class that jnr-ffi makes of it. */
  public interface Absent {
    int qcow4j_has_no_such_function();
  }

  @Test
  void jnrFfiTellsOfAMissingFunctionWhenItIsCalled() {
    Absent library = LibraryLoader.loadLibrary(Absent.class, Map.of(), "c");
    assertThatThrownBy(library::qcow4j_has_no_such_function)
        .isInstanceOf(UnsatisfiedLinkError.class);
  }

  @Test
  void whatACLibraryLacksIsDoneTheNextWay() throws IOException {
    CLibrary whole =
        LibraryLoader.loadLibrary(
            CLibrary.class, Map.of(LibraryOption.SaveError, Boolean.TRUE), "c");
    CLibrary poor =
        (CLibrary)
            Proxy.newProxyInstance(
                CLibrary.class.getClassLoader(),
                new Class<?>[] {CLibrary.class},
                (proxy, method, arguments) -> {
                  if (NOT_EVERYWHERE.contains(method.getName())) {
                    throw new UnsatisfiedLinkError(method.getName());
                  }
                  try {
                    return method.invoke(whole, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    Volume volume =
        LinuxVolume.over(
            new JnrCalls(poor), new ProviderInfo("poor", EnumSet.allOf(Capability.class), "test"));
    try (BlockFile file = volume.open(directory.resolve("file"), OpenOptions.creatingNew())) {
      Bytes.write(file, Bytes.random(10_000, 1), 0);
      assertThat(file.size()).isEqualTo(10_000);
      assertThat(file.punchHole(0, 4096)).isFalse();
      assertThat(file.writeZeroes(0, 4096, true)).isEqualTo(ZeroMethod.WRITTEN);
      assertThat(file.preallocate(0, 4096)).isFalse();
      assertThat(file.startWriteback(0, 4096)).isFalse();
      file.advise(AccessPattern.RANDOM, 0, 4096);
      assertThat(Bytes.read(file, 0, 4096)).containsOnly(0);
    }
    assertThat(volume.syncFileSystem(directory)).isFalse();
    assertThat(volume.lastingBlockBytes(directory)).isZero();
    assertThatThrownBy(() -> volume.status(directory.resolve("missing")))
        .hasMessageContaining("No such file or directory");
  }
}
