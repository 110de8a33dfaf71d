package io.github.qcow4j.nativeio;

import java.io.IOException;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

@ParameterizedClass(name = "{0}")
@MethodSource("io.github.qcow4j.nativeio.EveryFileSystem#all")
final class EveryFileSystemSwitchTest extends SwitchContract {

  @Parameter EveryFileSystem where;

  @Override
  protected Ground ground() throws IOException {
    return where.ground();
  }
}
