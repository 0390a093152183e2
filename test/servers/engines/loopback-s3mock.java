import com.adobe.testing.s3mock.S3MockApplication;
import java.util.Map;
import org.apache.catalina.connector.Connector;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.embedded.tomcat.TomcatServletWebServerFactory;

/** S3Mock's second connector has no option to listen on loopback alone: this starts S3Mock, and binds that one there too. */
class LoopbackS3Mock {
  public static void main(String[] flags) {
    new SpringApplicationBuilder(S3MockApplication.class)
        .properties(Map.of("server.address", "127.0.0.1", "server.ssl.enabled", "false", "logging.level.root", "WARN"))
        .initializers(context -> context.getBeanFactory().addBeanPostProcessor(new BeanPostProcessor() {
          @Override
          public Object postProcessBeforeInitialization(Object bean, String name) {
            if (bean instanceof TomcatServletWebServerFactory factory) {
              for (Connector connector : factory.getAdditionalTomcatConnectors()) connector.setProperty("address", "127.0.0.1");
            }
            return bean;
          }
        }))
        .run(flags);
  }
}
