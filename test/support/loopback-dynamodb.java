import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** DynamoDB Local has no option to listen on loopback alone: this starts it with its flags, and binds its server there. */
class LoopbackDynamoDb {
  public static void main(String[] flags) throws Exception {
    var engine = ServerRunner.createServerFromCommandLineArgs(flags);
    var field = DynamoDBProxyServer.class.getDeclaredField("server");
    field.setAccessible(true);
    for (Connector connector : ((Server) field.get(engine)).getConnectors()) {
      ((ServerConnector) connector).setHost("127.0.0.1");
    }
    engine.start();
    engine.join();
  }
}
