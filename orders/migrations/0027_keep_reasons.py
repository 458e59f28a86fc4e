from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0026_ask_for_quotes'),
    ]

    operations = [
        migrations.AddField(
            model_name='orderlink',
            name='sent_reasons',
            field=models.JSONField(blank=True, null=True),
        ),
    ]
